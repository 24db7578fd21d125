"""What stories share: how they play, look at the account, break things, and measure."""
