"""Who is let in: routes that ask nobody, keys that sign, tokens, passwords and cookies. One module a question."""
