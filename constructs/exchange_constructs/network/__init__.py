"""Where users come in: load balancer, firewall, access logs."""
