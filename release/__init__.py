"""The operator's command line, `exchange-release`: starts release machines and follows them."""
