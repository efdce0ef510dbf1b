"""Tape drives of the API: attributes, and who may make them. (In the product: `rest/tape_drives.py`.)"""

from osken_apps.model.kind import KINDS
from osken_apps.rest.address_types import ADDRESS
from osken_apps.rest.attribute import NAME, Attribute, standard
from osken_apps.rest.collection import plain
from osken_apps.rest.rules import ADMIN, of_projects
from osken_apps.rest.types import BOOLEAN, UUID, Type, choice, integer, list_of, optional, record
from tests.unit.toy.tape_drives_model import Speed, Tape, TapeDrive

SPEED = Type(lambda value: Speed(choice(*Speed).parse(value)), choice(*Speed).schema)
TAPE = record({"label": NAME, "blocks": integer(0, 1000)}, ("label", "blocks"), Tape)
ATTRIBUTES = (
    *standard(),
    Attribute("network_id", UUID, put=False, required=True, filter=True, column="network_id"),
    Attribute("speed", SPEED, default=Speed.SLOW, filter=True, sort=True),
    Attribute("address", optional(ADDRESS), default=None, filter=True),
    Attribute("tapes", list_of(TAPE, 3), default=()),
    Attribute("tape_drive:is_full", BOOLEAN, default=False, model_field="is_full"),
)
POLICY = of_projects("tape_drive") | {"update_tape_drive:tape_drive:is_full": ADMIN}

TAPE_DRIVES = plain(KINDS[TapeDrive], ATTRIBUTES, POLICY)
