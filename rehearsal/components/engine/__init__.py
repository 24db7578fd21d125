"""The stand-in for the Java trading engine: one writer, whose state is a function of the orders it has read."""
