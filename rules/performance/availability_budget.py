from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, ProjectRule
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project


class AvailabilityBudget(ProjectRule):
    """The service lacks what the availability that is asked for needs, or a monitor says that it was missed.

    ## What it does

    Reads results of monitors (Prometheus, UptimeRobot, Pingdom, Uptime Kuma, tables) and deployment files, and reports a service that was up less than asked
    for, and what keeps one from it: a Deployment that runs once, that is sent requests without a readiness probe, whose new versions take all copies away
    (`Recreate`, a `maxUnavailable` of all), whose copies no PodDisruptionBudget or nothing that keeps them apart protects together; and, where nothing but
    Compose runs the service, one that is not started again. Speaks only where `availability` in `[gate.performance]` asks for a share.

    ## Why is this bad

    99.95 % is 21 minutes a month. A single copy is away with each deployment, each eviction and each lost machine; without a readiness probe every deployment
    answers with errors until the new processes are up.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.gate.performance]
    availability = 99.95
    ```

    ```yaml
    # path: deploy/api.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: api
    spec:
      replicas: 1
      template:
        spec:
          containers:
            - name: api
              image: shop/api:1.4
              ports:
                - containerPort: 8000
              readinessProbe:
                httpGet:
                  path: /ready
                  port: 8000
    ```

    ## Use instead

    ```yaml
    # path: deploy/budget.yaml
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata:
      name: api
    spec:
      maxUnavailable: 1
      selector:
        matchLabels:
          app: api
    ```

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.gate.performance]
    availability = 99.95
    ```

    ```yaml
    # path: deploy/api.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: api
    spec:
      replicas: 2
      template:
        metadata:
          labels:
            app: api
        spec:
          topologySpreadConstraints:
            - maxSkew: 1
              topologyKey: topology.kubernetes.io/zone
              whenUnsatisfiable: ScheduleAnyway
              labelSelector:
                matchLabels:
                  app: api
          containers:
            - name: api
              image: shop/api:1.4
              ports:
                - containerPort: 8000
              readinessProbe:
                httpGet:
                  path: /ready
                  port: 8000
    ```

    ## When this is wrong

    Where an overlay, a chart or an autoscaler that is not in the project sets the number of copies.

    ## References

    - [Google SRE: availability table](https://sre.google/sre-book/availability-table/)
    - [Kubernetes: disruptions](https://kubernetes.io/docs/tasks/run-application/configure-pdb/)
    - [Kubernetes: readiness probes](https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/)
    """

    severity, precision, since = "warning", "high", "0.1"
    automatic = True
    tags = ("performance",)
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        known = project.measurements
        asked = known.targets.availability
        if "availability" not in known.targets.asked:
            return
        for one in known.uptimes:
            if one.percent < asked:
                message = f"{one.name[:100]} was up {one.percent:.8g} % of the time, {asked:g} % is asked for: see when it was not"
                yield self.finding(one.path, Place.at(one.line), message)
        for want in project.performance.wants:
            yield self.finding(want.path, Place.at(want.line), f"{want.what}; {asked:g} % is asked for", suggestion=want.cure)
