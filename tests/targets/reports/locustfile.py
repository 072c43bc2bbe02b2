from locust import HttpUser, between, task


class Shopper(HttpUser):
    wait_time = between(0.01, 0.05)

    @task(8)
    def orders(self):
        self.client.get("/orders?page=2", name="/orders")

    @task(6)
    def order(self):
        self.client.get("/orders/17", name="/orders/[number]")

    @task(3)
    def create(self):
        self.client.post("/orders", json={"number": 1})

    @task(2)
    def daily(self):
        self.client.get("/reports/daily")

    @task(2)
    def flaky(self):
        self.client.get("/flaky")
