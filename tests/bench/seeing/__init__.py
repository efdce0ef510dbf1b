"""What seeing costs: explaining, following frames, memory over an hour, dashboards beside DHCP."""
