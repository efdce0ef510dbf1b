"""The bindings of a machine's port: one that is active, and others that it may move to. PURE.

The active one is what the port itself says: its wish, else where it is. A live migration makes an inactive
one at its target and activates it when the machine runs there; then the source's is inactive, and deleted.
Neutron's extension `binding-extended`.
"""

from dataclasses import dataclass, replace

from osken_apps.errors import BadRequest, Conflict, NotFound
from osken_apps.model.resources import InactiveBinding, Port
from osken_apps.networking.state import ABSENT, Absent, State, given

COMPUTE = "compute:"
MAX_INACTIVE_BINDINGS = 8


class PortBindingNotFound(NotFound):
    """The port has no binding to that host."""

    def __init__(self, port_id: str, host: str) -> None:
        super().__init__(f"Binding for port {port_id} for host {host} could not be found.")


class PortBindingAlreadyExists(Conflict):
    """The port has a binding to that host."""

    def __init__(self, port_id: str, host: str) -> None:
        super().__init__(f"Binding for port {port_id} on host {host} already exists.")


class PortBindingAlreadyActive(Conflict):
    """The binding is the active one."""

    def __init__(self, port_id: str, host: str) -> None:
        super().__init__(f"Binding for port {port_id} on host {host} is already active.")


class PortBindingError(Conflict):
    """The port cannot be plugged at that host."""

    def __init__(self, port_id: str, host: str) -> None:
        super().__init__(f"Binding for port {port_id} on host {host} could not be created or updated.")


class TooManyPortBindings(BadRequest):
    """A port moves to few hosts at a time."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} cannot have more than {MAX_INACTIVE_BINDINGS} inactive bindings.")


class NoComputePort(BadRequest):
    """Only a machine's port moves."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Invalid port {port_id}. Operation only valid on compute ports.")


@dataclass(frozen=True, slots=True)
class PortBinding:
    """A binding of a port; `profile` is JSON text. The machine of a `plugged` one is at that host."""

    host: str
    vnic_type: str
    profile: str
    active: bool
    plugged: bool


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """What is asked of a binding."""

    vnic_type: str | Absent = ABSENT
    profile: str | Absent = ABSENT


def active_host(port: Port) -> str:
    """Give the host of the active binding; empty: there is none."""
    return port.requested_host or (port.binding.host if port.binding else "")


def bindings_of(port: Port) -> tuple[PortBinding, ...]:
    """Give the bindings of a port: the active one first, and one of each host, wherever its machine is."""
    host, where = active_host(port), port.binding.host if port.binding else ""
    active = (PortBinding(host, port.vnic_type, port.binding_profile, True, host == where),) if host else ()
    inactive = (
        PortBinding(item.host, item.vnic_type, item.profile, False, item.host == where)
        for item in port.inactive_bindings
        if item.host != host
    )
    return (*active, *inactive)


def binding_at(port: Port, host: str) -> PortBinding:
    """Give a port's binding to a host. Raises PortBindingNotFound."""
    for binding in bindings_of(port):
        if binding.host == host:
            return binding
    raise PortBindingNotFound(port.id, host)


def add_binding(state: State, port: Port, host: str, request: BindingRequest) -> Port:
    """Bind a port to another host: actively if it has no binding. Raises BadRequest, Conflict."""
    _check_compute(port)
    if any(binding.host == host for binding in bindings_of(port)):
        raise PortBindingAlreadyExists(port.id, host)
    if len(port.inactive_bindings) >= MAX_INACTIVE_BINDINGS:
        raise TooManyPortBindings(port.id)
    if not active_host(port):
        return state.update(port, _changed_active(replace(port, requested_host=host), request))
    inactive = InactiveBinding(host, **given(request))
    return state.update(port, replace(port, inactive_bindings=(*port.inactive_bindings, inactive)))


def change_binding(state: State, port: Port, host: str, request: BindingRequest) -> Port:
    """Change how a port is plugged at a host. Raises BadRequest, NotFound."""
    _check_compute(port)
    if binding_at(port, host).active:
        return state.update(port, _changed_active(port, request))
    changed = tuple(
        replace(item, **given(request)) if item.host == host else item for item in port.inactive_bindings
    )
    return state.update(port, replace(port, inactive_bindings=changed))


def activate_binding(state: State, port: Port, host: str) -> Port:
    """Let a port be at another host; the binding that was active is inactive then.

    Raises BadRequest, NotFound, Conflict.
    """
    _check_compute(port)
    target = binding_at(port, host)
    if target.active:
        raise PortBindingAlreadyActive(port.id, host)
    source = InactiveBinding(active_host(port), port.vnic_type, port.binding_profile)
    others = tuple(item for item in port.inactive_bindings if item.host not in (host, source.host))
    moved = replace(
        port,
        requested_host=host,
        vnic_type=target.vnic_type,
        binding_profile=target.profile,
        inactive_bindings=(*others, source) if source.host else others,
    )
    return state.update(port, moved)


def remove_binding(state: State, port: Port, host: str) -> Port:
    """Take a binding back; without the active one the port is wanted nowhere.

    Raises BadRequest, NotFound.
    """
    _check_compute(port)
    if binding_at(port, host).active:
        return state.update(port, replace(port, requested_host="", binding_profile="{}"))
    return state.update(port, without_binding(port, host))


def without_binding(port: Port, host: str) -> Port:
    """Give a port without its inactive binding to a host."""
    kept = tuple(item for item in port.inactive_bindings if item.host != host)
    return replace(port, inactive_bindings=kept)


def wanted_elsewhere(port: Port) -> Port:
    """Give a port whose wish was changed: its host has no other binding, and without a wish there is none."""
    return (
        without_binding(port, port.requested_host)
        if port.requested_host
        else replace(port, inactive_bindings=())
    )


def _changed_active(port: Port, request: BindingRequest) -> Port:
    values = given(request)
    names = {"vnic_type": "vnic_type", "profile": "binding_profile"}
    return replace(port, **{names[name]: value for name, value in values.items()})


def _check_compute(port: Port) -> None:
    if not port.device_owner.startswith(COMPUTE):
        raise NoComputePort(port.id)
