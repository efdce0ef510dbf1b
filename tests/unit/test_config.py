from ipaddress import IPv4Address
from pathlib import Path

import pytest

from osken_apps import config
from osken_apps.errors import ConfigurationError
from osken_apps.logs import LogFormat
from osken_apps.model.resources import NetworkType
from osken_apps.networking.physical import TunnelRange, VlanRange

NOVA = "[nova]\nauth_url=http://192.0.2.5/v3\nusername=nova\npassword="


def load(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "osken-net.conf"
    path.write_text(text)
    return config.load(path)


def test_an_empty_file_gives_the_documented_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path, "")
    assert loaded.state_dir == Path("/var/lib/osken-net")
    assert loaded.database == "sqlite:////var/lib/osken-net/osken-net.db"
    assert loaded.api.endpoint == config.Endpoint("127.0.0.1", 9696)
    assert loaded.openflow == config.Endpoint("127.0.0.1", 6653)
    assert loaded.ovsdb == config.Endpoint("127.0.0.1", 6640)
    assert loaded.network == config.NetworkConfig(
        integration_bridge="br-int",
        bridge_mappings=(("default", "br-eth2"),),
        vlan_ranges=(VlanRange("default", 1000, 2999),),
        tunnel_ranges=tuple(
            TunnelRange(kind, 1, 1000) for kind in (NetworkType.VXLAN, NetworkType.GRE, NetworkType.GENEVE)
        ),
    )
    assert loaded.dhcp == config.DhcpConfig(86400, "openstacklocal", (), 50, 10000)


def test_the_log_is_text_unless_json_is_asked_for(tmp_path: Path) -> None:
    assert load(tmp_path, "").log_format is LogFormat.TEXT
    assert load(tmp_path, "[DEFAULT]\nlog_format=json\n").log_format is LogFormat.JSON


def test_the_environment_says_nothing_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_API__PORT", "1")
    monkeypatch.setenv("OS_OVSDB__PORT", "nonsense")
    loaded = load(tmp_path, "")
    assert (loaded.api.endpoint.port, loaded.ovsdb.port) == (9696, 6640)


def test_given_values_are_used(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "[DEFAULT]\nstate_dir=/tmp/x\n[api]\nhost=0.0.0.0\ninsecure=true\n[dhcp]\ndns_servers=10.0.0.1,10.0.0.2\n"
        "[network]\nbridge_mappings=a:br-a,b:br-b\nvlan_ranges=a:1:9,b:5:6\n",
    )
    assert loaded.database == "sqlite:////tmp/x/osken-net.db"
    assert loaded.api.endpoint.host == "0.0.0.0"
    assert loaded.dhcp.dns_servers == (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))
    assert loaded.network.bridge_mappings == (("a", "br-a"), ("b", "br-b"))


def test_names_of_hosts_are_as_requests_have_them(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[api]\nallowed_hosts=Net.Example., 2001:DB8::1, 192.0.2.1, *\n")
    assert loaded.api.allowed_hosts == {"net.example", "2001:db8::1", "192.0.2.1", "*"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[api]\nport=http\n", ["[api] port=http: a whole number from 0 to 65535 is wanted"]),
        ("[api]\nport=70000\n", ["[api] port=70000: a whole number from 0 to 65535 is wanted"]),
        ("[api]\ninsecure=perhaps\n", ["[api] insecure=perhaps: true or false is wanted"]),
        ("[DEFAULT]\nlog_format=xml\n", ["[DEFAULT] log_format=xml: text or json is wanted"]),
        ("[ovsdb]\nhost=a host\n", ["[ovsdb] host=a host: an address or the name of a host is wanted"]),
        ("[quotas]\nport=many\n", ["[quotas] port=many: a whole number from -1 on is wanted"]),
        ("[DEFAULT]\naudit_interval=0\n", ["[DEFAULT] audit_interval=0: a whole number from 1 on is wanted"]),
        ("[DEFAULT]\nstate_dir=/a/$b\n", ["[DEFAULT] state_dir=/a/$b: what follows a $", "write $$"]),
        ("[DEFAULT]\nstate_dir=$state_dir/b\n", ["[DEFAULT] state_dir=$state_dir/b: what follows a $"]),
        ("[DEFAULT]\nlog_format=$nova\n", ["[DEFAULT] log_format=$nova: "]),
        ("[dhcp]\nlease_time=1h\n", ["[dhcp] lease_time=1h: a whole number from 60 to 4294967294 is wanted"]),
        ("[api]\nhost=0.0.0.0\n", ["[api] host=0.0.0.0", "everybody is administrator", "insecure"]),
        (
            "[api]\nhost=0.0.0.0\nauthentication=headers\n",
            ["[api] host=0.0.0.0", "readable on the way", "insecure"],
        ),
        ("[api]\nauthentication=yes\n", ["[api] authentication=yes: none or headers or keystone or local"]),
        (
            "[api]\ntrust_identity_headers=true\n",
            ["[api] trust_identity_headers is now authentication (headers where it was true"],
        ),
        ("[api]\ndefault_project=\n", ["[api] default_project=: no project has such an id"]),
        ("[api]\ndefault_project=null\n", ["[api] default_project=null: no project"]),
        ("[api]\nprot=9696\n", ["unknown option [api] prot"]),
        ("[ovsbd]\nport=6640\n", ["unknown option [ovsbd] port"]),
        ("[dhcp]\nlease_time=5\n", ["[dhcp] lease_time=5"]),
        ("[dhcp]\ndns_servers=ten\n", ["[dhcp] dns_servers", "ten"]),
        ("[network]\nbridge_mappings=br-eth2\n", ["[network] bridge_mappings", "br-eth2"]),
        (
            "[network]\nbridge_mappings=default:br-eth2,default:br-eth3\n",
            ["[network] bridge_mappings: physical network 'default' is named twice"],
        ),
        (
            "[network]\nbridge_mappings=default:br-eth2,other:br-eth2\n",
            ["bridge_mappings: bridge 'br-eth2' is named twice"],
        ),
        ("[network]\nbridge_mappings=default:br-int\n", ["bridge 'br-int' is named twice"]),
        ("[network]\nbridge_mappings=default:a-much-too-long-bridge\n", ["a-much-too-long-bridge"]),
        ("[network]\nbridge_mappings=default:br-physical1\n", ["br-physical1", "11"]),
        ("[network]\nvlan_ranges=default:10:5000\n", ["[network] vlan_ranges", "default:10:5000"]),
        ("[network]\nvlan_ranges=other:10:50\n", ["[network] vlan_ranges", "other"]),
        (f"[network]\nvlan_ranges=default:1:{'9' * 5000}\n", ["[network] vlan_ranges", "form"]),
        ("[network]\nvlan_ranges=default:١:٢\n", ["[network] vlan_ranges", "form"]),
        ("[network]\nintegration_bridge=br int\n", ["[network] integration_bridge", "br int"]),
        ("[network]\ntenant_network_types=flat\n", ["tenant_network_types", "'flat'", "vlan, vxlan, gre"]),
        ("[network]\ntunnel_ranges=vxlan:1\n", ["tunnel_ranges", "vxlan:1", "type:first:last"]),
        ("[network]\ntunnel_ranges=vxlan:1:16777216\n", ["tunnel_ranges", "1..16777215"]),
        ("[network]\ntunnel_bridge=br-int\n", ["[network] tunnel_bridge", "br-int"]),
        ("[network]\nunderlay_mtu=1000\n", ["[network] underlay_mtu=1000"]),
        ("[network]\nphysical_mtus=default\n", ["[network] physical_mtus", "default"]),
        ("[network]\nphysical_mtus=default:67\n", ["physical_mtus", "default:67", "68"]),
        ("[network]\nphysical_mtus=other:9000\n", ["physical_mtus", "other", "bridge_mappings"]),
        (
            "[network]\nphysical_mtus=default:9000,default:1500\n",
            ["[network] physical_mtus: physical network 'default' is named twice"],
        ),
        *(
            (f"[api]\nallowed_hosts=net.example,{text}\n", [f"[api] allowed_hosts: '{text}' is neither"])
            for text in ("net.example:9696", "https://net.example", "*.example", "[2001:db8::1]:80", "a b")
        ),
        *(
            (f"[api]\ndefault_project={text}\n", [f"[api] default_project={text}: "])
            for text in ("", "a,b", "x" * 256)
        ),
        ("[api]\ntrusted_proxies=10.0.0.1/8\n", ["[api] trusted_proxies", "10.0.0.1/8"]),
        *(
            (f"{NOVA}x\n{option}=nonsense\n", [f"[nova] {option}", "nonsense"])
            for option in ("auth_url", "endpoint_override")
        ),
        (f"{NOVA}x\nauth_url=http://\n", ["[nova] auth_url=http://: a URL is wanted"]),
        (f"{NOVA}x\nauth_url=http://keystone:v3\n", ["[nova] auth_url=http://keystone:v3: a URL is wanted"]),
        (f"{NOVA}x\ncafile=/nowhere\n", ["[nova] cafile: there is no file /nowhere"]),
        ("no section\n", ["no section"]),
    ],
)
def test_a_broken_configuration_is_one_line_that_names_option_and_value(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("password", ["pa$debug", "pa${debug}", "pa$word", "$$$word"])
@pytest.mark.parametrize("section", ["nova", "keystone_authtoken"])
def test_a_password_that_would_become_another_one_is_refused_and_not_shown(
    tmp_path: Path, section: str, password: str
) -> None:
    keystone = "[api]\nauthentication=keystone\n[keystone_authtoken]\npassword="
    before = NOVA if section == "nova" else keystone
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, f"{before}{password}\n")
    told = f"[{section}] password: what follows a $ is taken for the name of an option: write $$ for a $"
    assert str(error.value).endswith(told)


@pytest.mark.parametrize(
    ("written", "password"),
    [("pa$$debug", "pa$debug"), (r"pa\$debug", "pa$debug"), ("pa$1$", "pa$1$"), ("$$$$x", "$$x")],
)
def test_a_dollar_of_a_password_can_be_written(tmp_path: Path, written: str, password: str) -> None:
    loaded = load(tmp_path, f"{NOVA}{written}\n")
    assert loaded.nova and loaded.nova.password == password


@pytest.mark.parametrize(
    ("option", "is_secret"),
    [
        *((name, True) for name in ("password", "client_secret", "memcache_secret_key")),
        *((name, True) for name in ("token", "access_token", "admin_token")),
        *((name, False) for name in ("username", "service_token_roles", "token_cache_time")),
    ],
)
def test_what_lets_in_whoever_has_read_it_is_a_secret(tmp_path: Path, option: str, is_secret: bool) -> None:
    loaded = load(tmp_path, f"[api]\nauthentication = keystone\n[keystone_authtoken]\n{option} = x\n")
    assert loaded.secrets == ((f"[keystone_authtoken] {option}",) if is_secret else ())


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "osken-net.conf"
    path.write_bytes(b"[nova]\nusername=Andr\xe9\n")
    with pytest.raises(ConfigurationError, match=f"^{path}: it is not UTF-8: [^\n]*$"):
        config.load(path)


def test_a_directory_in_place_of_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"^{tmp_path}: Is a directory$"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("api", "certificate"),
        ("api", "private_key"),
        ("api", "client_ca"),
        ("api", "policy_file"),
        ("openflow", "certificate"),
        ("ovsdb", "private_key"),
        ("ovsdb", "ca"),
        ("openflow", "crl"),
    ],
)
def test_a_file_that_cannot_be_looked_at_is_one_line_that_names_the_option(
    tmp_path: Path, section: str, name: str
) -> None:
    file = tmp_path / ("x" * 300)  # a name that no file system takes stands for a directory that is closed
    with pytest.raises(ConfigurationError, match=rf"\[{section}\] {name}: {file}: File name too long$"):
        load(tmp_path, f"[{section}]\n{name}={file}\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^there is no file \S+nowhere\.conf: .* --config-file$"):
        config.load(tmp_path / "nowhere.conf")


@pytest.mark.parametrize("section", ["openflow", "ovsdb"])
def test_what_others_reach_has_tls_or_is_meant_to_have_none(section: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"\\[{section}\\] host=192.0.2.10 .* insecure=true"):
        load(tmp_path, f"[{section}]\nhost = 192.0.2.10\n")
    loaded = load(tmp_path, f"[{section}]\nhost = 192.0.2.10\ninsecure = true\n")
    assert (loaded.openflow_tls, loaded.ovsdb_tls) == (None, None)


def test_tls_with_hosts_takes_certificate_key_and_authority_together(tmp_path: Path) -> None:
    pem = tmp_path / "a.pem"
    pem.touch()
    text = f"[ovsdb]\nhost = 192.0.2.10\ncertificate = {pem}\nprivate_key = {pem}\n"
    with pytest.raises(ConfigurationError, match="ca need each other"):
        load(tmp_path, text)
    assert load(tmp_path, f"{text}ca = {pem}\n").ovsdb_tls == config.HostsTls("ovsdb", pem, pem, pem)


def test_metrics_are_told_where_a_port_is_given(tmp_path: Path) -> None:
    assert load(tmp_path, "").metrics is None
    port_id = "b85d4f1d-6000-4000-8000-1234567890ab"
    loaded = load(tmp_path, f"[metrics]\nport = 9697\nports = {port_id}, {port_id}\n")
    assert loaded.metrics == config.MetricsConfig(config.Endpoint("127.0.0.1", 9697), (port_id,))


@pytest.mark.parametrize("ports", ["vm1", "b85d4f1d"])
def test_metrics_are_of_ports_by_their_whole_ids(tmp_path: Path, ports: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"\[metrics\] ports: '{ports}' is not the id of a port"):
        load(tmp_path, f"[metrics]\nports = {ports}\n")
