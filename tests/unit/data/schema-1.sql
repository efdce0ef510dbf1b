BEGIN TRANSACTION;
CREATE TABLE fixed_ips (
	subnet_id VARCHAR(36) NOT NULL, 
	ip_address VARCHAR(32) NOT NULL, 
	port_id VARCHAR(36) NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (subnet_id, ip_address), 
	FOREIGN KEY(subnet_id) REFERENCES subnets (id), 
	FOREIGN KEY(port_id) REFERENCES ports (id)
);
INSERT INTO "fixed_ips" VALUES('s2','20010db8000000000000000000000005','p1',0);
INSERT INTO "fixed_ips" VALUES('s1','0a000005','p1',1);
INSERT INTO "fixed_ips" VALUES('s3','0a010002','p2',0);
INSERT INTO "fixed_ips" VALUES('s3','0a010003','d1',0);
CREATE TABLE networks (
	sequence INTEGER NOT NULL, 
	id VARCHAR(36) NOT NULL, 
	project_id VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	tags TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	revision_number INTEGER NOT NULL, 
	admin_state_up BOOLEAN NOT NULL, 
	shared BOOLEAN NOT NULL, 
	external BOOLEAN NOT NULL, 
	is_default BOOLEAN NOT NULL, 
	mtu INTEGER NOT NULL, 
	port_security_enabled BOOLEAN NOT NULL, 
	network_type VARCHAR(16) NOT NULL, 
	physical_network VARCHAR(64) NOT NULL, 
	segmentation_id INTEGER, 
	availability_zone_hints TEXT NOT NULL, 
	dns_domain VARCHAR(255) NOT NULL, 
	PRIMARY KEY (sequence), 
	CONSTRAINT one_segmentation_id UNIQUE (physical_network, segmentation_id), 
	UNIQUE (id)
);
INSERT INTO "networks" VALUES(1,'n1','project','näme','words','["a","b"]',1795369579,1795369579,1,0,1,1,1,1400,0,'flat','default',NULL,'["nova"]','example.org.');
INSERT INTO "networks" VALUES(2,'n2','default','','','[]',1795369579,1795369579,1,1,0,0,0,1500,1,'vlan','default',1000,'[]','');
CREATE TABLE ports (
	sequence INTEGER NOT NULL, 
	id VARCHAR(36) NOT NULL, 
	project_id VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	tags TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	revision_number INTEGER NOT NULL, 
	network_id VARCHAR(36) NOT NULL, 
	mac_address VARCHAR(17) NOT NULL, 
	admin_state_up BOOLEAN NOT NULL, 
	device_id VARCHAR(255) NOT NULL, 
	device_owner VARCHAR(255) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	requested_host VARCHAR(255) NOT NULL, 
	binding_host VARCHAR(255), 
	binding_local_vlan INTEGER, 
	binding_interface VARCHAR(255) NOT NULL, 
	binding_waits_for VARCHAR(255) NOT NULL, 
	vnic_type VARCHAR(32) NOT NULL, 
	binding_profile TEXT NOT NULL, 
	port_security_enabled BOOLEAN NOT NULL, 
	allowed_address_pairs TEXT NOT NULL, 
	extra_dhcp_opts TEXT NOT NULL, 
	security_groups TEXT NOT NULL, 
	dns_name VARCHAR(255) NOT NULL, 
	PRIMARY KEY (sequence), 
	CONSTRAINT one_mac_address UNIQUE (network_id, mac_address), 
	UNIQUE (id), 
	FOREIGN KEY(network_id) REFERENCES networks (id)
);
INSERT INTO "ports" VALUES(1,'p1','project','','','[]',1795369579,1795369579,1,'n1','fa:16:3e:00:00:01',0,'vm','compute:nova','ACTIVE','host1','host2',7,'tap1','the tag','direct','{"a": 1}',0,'[["10.0.0.0/8","fa:16:3e:00:00:02"]]','[["mtu","1400",4]]','["g1"]','vm1');
INSERT INTO "ports" VALUES(2,'p2','project','','','[]',1795369579,1795369579,2,'n2','fa:16:3e:00:00:09',1,'','','ACTIVE','','host1',1,'tap2','the tag','normal','{}',1,'[]','[]','[]','');
INSERT INTO "ports" VALUES(3,'d1','default','','','[]',1795369579,1795369579,1,'n2','fa:16:3e:00:00:4d',1,'osken-net-dhcp','network:dhcp','ACTIVE','',NULL,NULL,'','','normal','{}',0,'[]','[]','[]','');
CREATE TABLE quotas (
	project_id VARCHAR(255) NOT NULL, 
	resource VARCHAR(64) NOT NULL, 
	quota INTEGER NOT NULL, 
	PRIMARY KEY (project_id, resource)
);
INSERT INTO "quotas" VALUES('project','port',7);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE subnets (
	sequence INTEGER NOT NULL, 
	id VARCHAR(36) NOT NULL, 
	project_id VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	tags TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	revision_number INTEGER NOT NULL, 
	network_id VARCHAR(36) NOT NULL, 
	cidr VARCHAR(64) NOT NULL, 
	gateway_ip VARCHAR(64), 
	allocation_pools TEXT NOT NULL, 
	dns_nameservers TEXT NOT NULL, 
	host_routes TEXT NOT NULL, 
	enable_dhcp BOOLEAN NOT NULL, 
	ipv6_ra_mode VARCHAR(16), 
	ipv6_address_mode VARCHAR(16), 
	service_types TEXT NOT NULL, 
	search_from VARCHAR(32) DEFAULT '' NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (id), 
	FOREIGN KEY(network_id) REFERENCES networks (id)
);
INSERT INTO "subnets" VALUES(1,'s1','project','','','[]',1795369579,1795369579,1,'n1','10.0.0.0/24','10.0.0.1','[["10.0.0.1","10.0.0.8"],["10.0.0.10","10.0.0.254"]]','["9.9.9.9"]','[["10.9.0.0/16","10.0.0.7"]]',0,NULL,NULL,'["compute:nova"]','');
INSERT INTO "subnets" VALUES(2,'s2','project','','','[]',1795369579,1795369579,1,'n1','2001:db8::/64',NULL,'[]','[]','[]',1,'slaac','slaac','[]','');
INSERT INTO "subnets" VALUES(3,'s3','project','','','[]',1795369579,1795369579,1,'n2','10.1.0.0/24','10.1.0.1','[["10.1.0.2","10.1.0.254"]]','["9.9.9.9"]','[]',1,NULL,NULL,'["compute:nova"]','0a010003');
CREATE INDEX ix_networks_project_id ON networks (project_id);
CREATE INDEX ix_networks_name ON networks (name);
CREATE UNIQUE INDEX one_flat_network ON networks (physical_network) WHERE segmentation_id IS NULL;
CREATE INDEX ix_subnets_network_id ON subnets (network_id);
CREATE INDEX ix_subnets_project_id ON subnets (project_id);
CREATE INDEX ix_subnets_name ON subnets (name);
CREATE INDEX ix_ports_mac_address ON ports (mac_address);
CREATE INDEX ix_ports_project_id ON ports (project_id);
CREATE INDEX ports_by_owner ON ports (network_id, device_owner);
CREATE INDEX ix_ports_name ON ports (name);
CREATE INDEX ix_ports_device_id ON ports (device_id);
CREATE INDEX ix_fixed_ips_port_id ON fixed_ips (port_id);
COMMIT;
