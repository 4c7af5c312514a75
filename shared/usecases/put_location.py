"""Creates or replaces a location with its policy."""

from collections.abc import Mapping
from dataclasses import replace

from shared.domain import keys
from shared.domain.identifiers import LocationId
from shared.domain.location import Location
from shared.domain.policy import chosen
from shared.domain.provider import Provider
from shared.ports.store import Create, Replace, Store
from shared.usecases.contended import Patience


def put_location(
    store: Store,
    location: LocationId,
    *,
    name: str,
    preset: str,
    settings: Mapping[str, object],
    provider: Provider | None = None,
    patience: Patience,
) -> tuple[Location, bool]:
    """The location as it is now, and whether it is new. Its policy's version grows whenever the policy changes.

    It goes on growing where a location that was deleted is given again; what was in it is there again, too.

    Raises `Rejected("invalid_policy")`.
    """
    policy = chosen(preset, settings)

    def attempt() -> tuple[Location, bool]:
        stored = store.read(keys.location(location)).stored(keys.location(location))
        if not stored:
            # Read after the location was found missing, so that what deleted it is seen.
            last = store.read(keys.last_policy(location)).value(keys.last_policy(location))
            version = last.policy_version + 1 if last else 1
            made = Location(location, name, preset, policy, version, provider)
            store.commit([Create(keys.location(location), made)])
            return made, True
        same = (stored.value.preset, stored.value.policy) == (preset, policy)
        version = stored.value.policy_version + (0 if same else 1)
        changed = replace(
            stored.value, name=name, preset=preset, policy=policy, policy_version=version, provider=provider
        )
        store.commit([Replace(stored, changed)])
        return changed, False

    return patience.until_committed(attempt)
