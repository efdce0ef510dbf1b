"""What server and application tell each other of a request, in its environ, under these names. PURE."""

HOST_URL = "osken_net.host_url"  # how the client has reached us
CERTIFICATE = "osken_net.certificate"  # the name in its certificate
CLIENT = "osken_net.client"  # the address of who asks, where a proxy may stand before it
IS_KNOWN = "osken_net.is_known"  # it has shown who it is; False: it was wrong; else nobody asked
IS_ONE_TOO_MANY = "osken_net.is_one_too_many"  # too many wait for their passwords to be checked
