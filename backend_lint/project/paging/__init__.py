"""Lists that routes answer with: who decides how long they are. One module a question."""
