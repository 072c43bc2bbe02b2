"""Migrations: what a change of the schema does to a service that runs meanwhile, and whether it can be applied at all."""
