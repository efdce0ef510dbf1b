"""What is read: by conditions, by page."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.model.resources import Network
from osken_apps.store import view as view_module
from osken_apps.store.selection import Among, Page
from osken_apps.store.store import Store

NUMBERS = (3, 1, 4, 15, 9, 2, 6, 5, 35, 8)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path_factory.mktemp('store')}/osken-net.db")
    with made.write() as transaction:
        for number in NUMBERS:
            transaction.create(
                Network(
                    f"n{number:02}",
                    "even" if number % 2 == 0 else "odd",
                    physical_network="default",
                    segmentation_id=number,
                )
            )
    yield made
    made.close()


PAGES = st.builds(
    Page,
    limit=st.integers(1, 12),
    marker=st.sampled_from(["", *(f"n{number:02}" for number in NUMBERS)]),
    backwards=st.booleans(),
)


def page_of(ids: list[str], page: Page) -> list[str]:
    """Cut a page out of a sorted list."""
    if not page.marker:
        return ids[-page.limit :] if page.backwards else ids[: page.limit]
    if page.backwards:
        return [id for id in ids if id < page.marker][-page.limit :]
    return [id for id in ids if id > page.marker][: page.limit]


@given(page=PAGES, projects=st.sampled_from([(), ("odd",), ("odd", "even")]))
def test_a_page_is_that_of_the_whole_list(store: Store, page: Page, projects: tuple[str, ...]) -> None:
    conditions = (Among("project_id", projects),) if projects else ()
    with store.read() as view:
        ids = sorted(network.id for network in view.networks(*conditions))
        assert [network.id for network in view.find(Network, *conditions, page=page)] == page_of(ids, page)


def test_a_list_is_in_the_order_of_creation(store: Store) -> None:
    with store.read() as view:
        assert [network.segmentation_id for network in view.networks()] == list(NUMBERS)
        odd = view.networks(Among("project_id", ("odd",)))
    assert [network.segmentation_id for network in odd] == [3, 1, 15, 9, 5, 35]


def test_many_ids_are_read_in_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "A_BATCH", 3)
    fresh = Store(f"sqlite:///{store.database.path}")  # type: ignore[union-attr]
    with fresh.read() as view:
        found = view.networks(Among("id", tuple(f"n{number:02}" for number in NUMBERS)))
    fresh.close()
    assert [network.segmentation_id for network in found] == list(NUMBERS)


def test_no_values_are_no_resources(store: Store) -> None:
    with store.read() as view:
        assert view.networks(Among("id", ())) == view.networks(Among("project_id", ())) == []
