"""How a project is built: which module imports which, what shape that is, and what its contracts say. One module a question."""
