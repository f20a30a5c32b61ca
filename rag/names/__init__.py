"""Persons, places and nations under the names that they have and had."""
