"""The stand-in for the Next.js application."""
