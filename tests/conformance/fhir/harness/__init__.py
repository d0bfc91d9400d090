"""Proof that FHIR output is FHIR: other people's validators, a client, and checks of what they miss."""
