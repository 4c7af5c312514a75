"""What stands between the functions of a fronted stack and the outside."""

from dataclasses import dataclass

from tests.sandbox.plan import FRONTS, GATE, Plan, front_of
from tests.sandbox.store_gate import StoreGate
from tests.sandbox.tcp_proxy import TcpProxy


@dataclass(frozen=True, slots=True)
class Fronts:
    """A proxy before each of Firestore, Gmail and Pub/Sub; behind Firestore's, the gate that knows its calls."""

    gate: StoreGate
    firestore: TcpProxy
    gmail: TcpProxy
    pubsub: TcpProxy

    @classmethod
    def start(cls, plan: Plan) -> "Fronts":
        """All of them, passing everything on."""
        gate = StoreGate(plan.ports[GATE], plan.ports["firestore"])
        targets = {"firestore": GATE, "gmail": "gmail", "pubsub": "pubsub"}
        proxies = {name: TcpProxy(plan.ports[front_of(name)], plan.ports[targets[name]]) for name in FRONTS}
        gate.start()
        for proxy in proxies.values():
            proxy.start()
        return cls(gate, **proxies)

    def mend(self) -> None:
        """Nothing is struck or held any more."""
        for proxy in (self.firestore, self.gmail, self.pubsub):
            proxy.mend()
            proxy.admit()
        self.gate.mend()

    def stop(self) -> None:
        """Ends all."""
        for one in (self.firestore, self.gmail, self.pubsub, self.gate):
            one.stop()
