"""The acceptance suite: does a deployed exchange work together?"""
