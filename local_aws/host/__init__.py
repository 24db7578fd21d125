"""The machine on which the imitated hosts live: loopback addresses, processes, folders."""
