"""What web frameworks make of declarations: one module a framework, each gives `facts.route.Route`s."""
