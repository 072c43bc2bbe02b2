from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.loading.resolvers import resolvers


class GraphqlResolverNPlusOne(ProjectRule):
    """A resolver of a GraphQL field runs a query for its parent; a list of parents runs it once for each.

    ## What it does

    Finds resolvers of Graphene (`resolve_...`) and Strawberry (`@strawberry.field`) that query the database by something of their parent, on types that
    some field gives a list of. Resolvers that go through a data loader are left alone, and so are projects that use an optimizer of their library.

    ## Why is this bad

    The client decides how many parents there are: `orders(first: 100) { customer { name } }` runs 101 queries, and nesting multiplies them. A data loader
    collects the keys of one level and asks once.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=40)


    class Order(models.Model):
        customer_id = models.IntegerField()
    ```

    ```python
    # path: shop/schema.py
    import graphene

    from shop.models import Customer, Order


    class CustomerType(graphene.ObjectType):
        name = graphene.String()


    class OrderType(graphene.ObjectType):
        customer = graphene.Field(CustomerType)

        def resolve_customer(self, info):
            return Customer.objects.get(pk=self.customer_id)


    class Query(graphene.ObjectType):
        orders = graphene.List(OrderType)

        def resolve_orders(self, info):
            return Order.objects.order_by("pk")[:100]
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=40)


    class Order(models.Model):
        customer_id = models.IntegerField()
    ```

    ```python
    # path: shop/schema.py
    import graphene

    from shop.models import Order


    class CustomerType(graphene.ObjectType):
        name = graphene.String()


    class OrderType(graphene.ObjectType):
        customer = graphene.Field(CustomerType)

        def resolve_customer(self, info):
            return info.context.customer_loader.load(self.customer_id)


    class Query(graphene.ObjectType):
        orders = graphene.List(OrderType)

        def resolve_orders(self, info):
            return Order.objects.order_by("pk")[:100]
    ```

    ## When this is wrong

    The list of the type that was found never holds more than a few, or the parent's rows bring what the resolver would ask for.

    ## References

    - [Strawberry: data loaders](https://strawberry.rocks/docs/guides/dataloaders)
    - [graphql-python/graphene#197](https://github.com/graphql-python/graphene/issues/197)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = "strict"
    tags = ("performance", "database", "n-plus-one", "graphql")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in resolvers(project, self.roles):
            head = project.calls.head(found.key)
            what = found.query.target.name.rpartition(".")[2]
            path, line = found.listed
            yield self.finding(
                found.key[0],
                found.query.call,
                f"`{head.name}` runs a query (`{what}`) for each `{found.type}` of a list; load them for all through a data loader",
                symbol=head.name,
                evidence=(Evidence(path, line, f"a list of {found.type} is given here"),),
            )
