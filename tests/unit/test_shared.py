"""Text that many values have alike."""

import pickle
import sys
from ipaddress import IPv4Address

from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import Binding, FixedIp, Port
from osken_apps.model.shared import MAX_TEXTS, shared_text


def port(number: int) -> Port:
    """Make a port whose texts are objects of their own, as those of a row are."""
    return Port(
        id=f"port-{number}",
        project_id="-".join(("a", "project")),
        network_id="-".join(("a", "network")),
        mac_address=mac_address(f"fa:16:3e:00:00:{number:02x}"),
        fixed_ips=(FixedIp("-".join(("a", "subnet")), IPv4Address("10.0.0.1") + number),),
        binding=Binding("-".join(("a", "host")), 7, f"tap{number}"),
    )


def test_what_comes_out_of_two_pickles_is_equal_and_shares_what_is_alike() -> None:
    made = [port(1), port(2)]
    one, other = (pickle.loads(pickle.dumps(each)) for each in made)
    assert [one, other] == made
    assert one.binding is not None
    assert other.binding is not None
    assert one.network_id is other.network_id
    assert one.project_id is other.project_id
    assert one.fixed_ips[0].subnet_id is other.fixed_ips[0].subnet_id
    assert one.binding.host is other.binding.host
    assert one.binding_profile is other.binding_profile


def test_one_s_own_text_is_not_kept_for_others() -> None:
    one, other = (pickle.loads(pickle.dumps(port(1))) for _ in range(2))
    assert one.id == other.id
    assert one.id is not other.id


def test_texts_that_nobody_has_any_more_are_not_kept_without_end() -> None:
    def take(number: int) -> None:
        for each in range(number, number + MAX_TEXTS):
            shared_text(f"text-{each}")

    take(0)
    before = sys.getallocatedblocks()
    take(MAX_TEXTS)
    assert sys.getallocatedblocks() - before < MAX_TEXTS // 10
