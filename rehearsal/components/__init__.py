"""The stand-in exchange: three components that honour docs/contracts.md, each built into an image of its own."""
