"""The form of an id of a resource, as it is stored. PURE. Source: RFC 9562, section 4."""

import re

UUID = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
