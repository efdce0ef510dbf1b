"""What holds after every step, once things have settled: each check gives sentences of what is wrong."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from osken_apps.lab import PATIENCE_S, LabError, wait_until
from tests.e2e.test_hosts import through
from tests.e2e.walk.model import Machine, Traffic
from tests.e2e.walk.probing import PORTS, ask
from tests.e2e.walk.site import DEAD_TAG, Site

SETTLED_S = 20.0
EXPLAINED = 12  # questions a step


@dataclass(frozen=True)
class Question:
    """What one plugged machine asks another, and whether the model says that it is answered."""

    sender: Machine
    receiver: Machine
    traffic: Traffic
    wanted: bool

    def __str__(self) -> str:
        wanted = "answered" if self.wanted else "dropped"
        return f"{self.traffic} is to be {wanted}: {self.sender}, {self.receiver}"


def settled(look: Callable[[], list[str]]) -> list[str]:
    """Look until nothing is wrong; give what is wrong in the end."""
    wrong: list[str] = []

    def is_well() -> bool:
        wrong[:] = look()
        return not wrong

    with contextlib.suppress(LabError):
        wait_until(is_well, SETTLED_S, "nothing to be wrong")
    return wrong


def questions(site: Site) -> Iterator[Question]:
    """Give all that plugged machines of one network ask each other."""
    for sender in site.live():
        for receiver in site.live():
            if sender is not receiver and sender.network == receiver.network:
                for traffic in _traffics(sender, receiver):
                    yield Question(sender, receiver, traffic, site.model.reaches(sender, receiver, traffic))


def _traffics(sender: Machine, receiver: Machine) -> Iterator[Traffic]:
    for source in sender.all_addresses:
        for destination in receiver.all_addresses:
            if (":" in source) == (":" in destination):
                yield Traffic("icmp", source, destination)
                for port in PORTS:
                    yield Traffic("tcp", source, destination, port)


def matrix(site: Site) -> list[str]:
    """All that machines ask each other is answered as the model says."""
    for machine in site.live():  # an address may be another machine's now, and flows answer ARP
        site.plugged[machine.id].vm.namespace.ip("neigh", "flush", "all")
    left = list(questions(site))

    def look() -> list[str]:
        asked: dict[str, list[Question]] = {}
        for question in left:
            asked.setdefault(question.sender.id, []).append(question)
        told = ask((site.plugged[id].vm, [(q.traffic, q.wanted) for q in of]) for id, of in asked.items())
        left[:] = [
            question
            for of, answers in zip(asked.values(), told, strict=True)
            for question, answered in zip(of, answers, strict=True)
            if question.wanted is not answered
        ]
        return [str(question) for question in left]

    return settled(look)


def statuses(site: Site) -> list[str]:
    """Each port is shown ACTIVE where its machine is, or DOWN and nowhere."""

    def look() -> list[str]:
        shown = {port["id"]: port for port in site.api.list("port")}
        wrong = []
        for machine in site.model.machines.values():
            at = site.plugged.get(machine.id)
            active = at is not None and site.model.is_active(machine)
            want = ("ACTIVE", site.names[at.host]) if at and active else ("DOWN", "")
            details = shown[machine.id]["binding:vif_details"]
            if (shown[machine.id]["status"], details["host"]) != want:
                wrong.append(f"{machine.name} is to be {want}: {shown[machine.id]}")
        return wrong

    return settled(look)


def differences(site: Site) -> list[str]:
    """Each host has the flows that it should have, and no others.

    One with ports of which a restored store never heard keeps theirs; there, nothing can be said.
    """
    keeping = {site.plugged[id].host for id in site.unknown & site.plugged.keys()}
    left = [number for number in site.names if number not in keeping]

    def look() -> list[str]:
        wrong = {}
        for number in left:
            there = ["--through", through(site.world.host(number))]
            api = ["--api", f"http://127.0.0.1:{site.api.port}"]
            done = site.osken_net("diff", site.names[number], *api, *there)
            if done.returncode != 0:
                wrong[number] = f"{site.names[number]}: {done.stdout}{done.stderr}"
        left[:] = wrong
        return list(wrong.values())

    return settled(look)


def explanations(site: Site) -> list[str]:
    """Explain says of some questions between the ports' own addresses whether they are answered."""
    asked = [q for q in questions(site) if not {q.sender.pair, q.receiver.pair} & set(q.traffic.ends)]
    left = site.random.sample(asked, min(EXPLAINED, len(asked)))

    def look() -> list[str]:
        wrong = {}
        for question in left:
            traffic = question.traffic
            body = {"from": traffic.source, "to": traffic.destination, "protocol": traffic.protocol}
            ports = {"port_number": traffic.port} if traffic.port else {}
            answer = site.api.request("POST", "explain", {"explain": body | ports})
            verdict = answer.body["explain"]["verdict"] if answer.status == 200 else {"code": answer.body}
            if (verdict["code"] == "delivered") is not question.wanted:
                wrong[question] = f"{question}; explain says {verdict}"
        left[:] = wrong
        return list(wrong.values())

    return settled(look)


def lease(site: Site) -> list[str]:
    """One machine takes a lease: it is of its port's address, and shown."""
    asking = [machine for machine in site.movable() if site.model.is_active(machine)]
    if not asking:
        return []
    machine = site.choose(asking)
    vm = site.plugged[machine.id].vm

    def shown() -> str:
        told = site.api.request("GET", f"ports/{machine.id}/dhcp").body["dhcp"]["lease"]
        return str(told["ip_address"]) if told else ""

    try:
        taken = vm.udhcpc(SETTLED_S).variables["ip"]
        wait_until(lambda: shown() == taken, PATIENCE_S, "the lease to be shown")
    except LabError as error:
        return [f"{machine.name}: {error}"]
    finally:
        vm.udhcpc_client().stop()
        site.dress(machine)
    return [] if taken == machine.addresses[0] else [f"{machine}: its lease is of {taken}"]


def conditions(site: Site) -> list[str]:
    """Hosts complain of nothing but interfaces that are no port's any more."""
    dead = site.plugged.keys() - site.model.machines.keys()
    known = {"iface_id_unknown"} if dead else set()
    if any(not stranger.is_trunk for stranger in site.strangers.values()):
        known.add("interface_undeclared")

    def look() -> list[str]:
        wrong = []
        for name in site.names.values():
            told = site.world.conditions(name)
            if told is None:
                wrong.append(f"{name} is not there")
            wrong += [f"{name}: {each['sentence']}" for each in told or () if each["code"] not in known]
        return wrong

    return settled(look)


def strangers(site: Site) -> list[str]:
    """A declared trunk has no tag; what is no port's besides is dead."""

    def look() -> list[str]:
        wrong = []
        for number, stranger in site.strangers.items():
            tag = site.world.host(number).ovs.tag(stranger.vm.tap)
            if tag != (None if stranger.is_trunk else DEAD_TAG):
                wrong.append(f"{stranger} on {number} has the tag {tag}")
        return wrong

    return settled(look)


CHECKS = (statuses, matrix, lease, differences, explanations, conditions, strangers)


def all_of(site: Site) -> list[str]:
    """Give all that is wrong, each with the name of its check."""
    return [f"{check.__name__}: {sentence}" for check in CHECKS for sentence in check(site)]
