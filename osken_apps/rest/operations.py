"""List, show, create, update and delete: the same five for every collection."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from osken_apps.config import Authentication, Config
from osken_apps.errors import ApiError, BadRequest, HTTPBadRequest, OverQuota, StoreUnavailable
from osken_apps.model.accounts import is_project_id
from osken_apps.networking.terms import Terms
from osken_apps.rest.access import Access
from osken_apps.rest.attribute import RenderContext
from osken_apps.rest.census import Census
from osken_apps.rest.collection import Action, Around, Collection
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.edge import ForeignOrigin, check_origin
from osken_apps.rest.listing import Query, fields_of_show, links_of, page_of, query_of
from osken_apps.rest.member import read
from osken_apps.rest.pages import page_of_all, page_of_seen, whole_list
from osken_apps.rest.policy import Permissions, Policy, Target
from osken_apps.rest.quota import quota_of
from osken_apps.rest.registry import Registry
from osken_apps.rest.rendering import chosen, encoded_list, rendered, rendered_list
from osken_apps.rest.request import Answer, Request, json_of
from osken_apps.rest.types import id_of_text
from osken_apps.rest.validation import Values, bodies_of, body_of, bounded, posted, project_of, put
from osken_apps.store.selection import Among
from osken_apps.store.store import Store
from osken_apps.store.transaction import Transaction
from osken_apps.store.view import A_FEW, View

MOST_IDS = 2000  # that a question to the database names
ANY_REVISION = "*"  # of If-Match: what is there, whichever it is


class RevisionNumberConstraintFailed(ApiError):
    """The resource has changed since the client read it."""

    def __init__(self, expected: str, current: int) -> None:
        super().__init__(f"Constrained to {expected}, but current revision is {current}")


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations on resources, over one store."""

    store: Store
    config: Config
    hosts: KnownHosts
    policy: Policy
    questions: Questions
    registry: Registry
    census: Census

    def permissions(self, request: Request) -> Permissions:
        """Give what the caller of a request may do."""
        return self.policy.permissions(request.caller)

    def around(self, request: Request) -> Around:
        """Give what rules of collections see of what is around a request."""
        caller = request.caller
        is_admin = self.permissions(request).may("context_is_admin", Target(caller.project_id))
        terms = Terms(caller.project_id, is_admin, self.config.dhcp.lease_time_s)
        return Around(self.config, terms, self.hosts.away)

    def index(self, collection: Collection, request: Request) -> Answer:
        """Answer GET of a collection."""
        query = query_of(collection.attributes, request.parameters)
        self._settle(collection, request)
        # Before the database is read: nobody waits with a connection for what is known to be read, too.
        seen = self._seen(collection, query, self.permissions(request))
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            if (pages := self._page(view, collection, query, access, seen)) is not None:
                shown = pages
                context = self._context(view, collection, shown)
            else:
                named = () if seen is None or len(seen) > MOST_IDS else (Among("id", tuple(seen)),)
                found = access.visible(whole_list(view, collection, query, *named))
                few = collection.own_context and len(found) <= A_FEW
                context = self._context(view, collection, found if few else None)
                shown = page_of(collection, access.showing_all_of(found, query.asked), query, context)
            attributes = chosen(collection.attributes, query.fields)
            bodies = encoded_list(lambda item: access.attributes(item, attributes), shown, context)
        return Answer(200, {collection.plural: bodies} | links_of(collection, shown, query, request.url))

    def show(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer GET of a resource."""
        with self._reading(collection, request, resource_id) as (view, access, resource):
            context = self._context(view, collection, [resource])
            attributes = access.attributes(
                resource, chosen(collection.attributes, fields_of_show(request.parameters))
            )
            return Answer(200, {collection.singular: rendered(attributes, resource, context)})

    def read(self, collection: Collection, request: Request, resource_id: str) -> Any:
        """Give a resource that the caller may see. Raises NotFound."""
        with self._reading(collection, request, resource_id) as (_, _, resource):
            return resource

    def member(self, collection: Collection, request: Request, resource_id: str, name: str) -> Answer:
        """Answer GET of what can be read below a resource."""
        with self._reading(collection, request, resource_id) as (view, access, resource):
            access.require_member(resource, name)
            rest = read(collection.members[name], view, resource, request)
        return Answer(200, rest(self.questions))

    def create(self, collection: Collection, request: Request) -> Answer:
        """Answer POST of one resource or several; of several, all are made or none."""
        bodies, several = bodies_of(json_of(request.body), collection.singular, collection.plural)
        permissions = self.permissions(request)
        checked = [
            (body, values, _project(values, request, permissions))
            for body, values in ((body, posted(collection.attributes, body)) for body in bodies)
        ]
        with self.writing(request) as transaction:
            access = Access(collection, permissions, transaction)
            for body, values, project_id in checked:
                access.require_create(project_id, body, values)
            around = self.around(request)
            wanted = [(project_id, values) for _, values, project_id in checked]
            collection.prepare(transaction, wanted, around)
            self._check_quotas(transaction, collection, [project_id for project_id, _ in wanted])
            made = bounded(
                (collection.create(transaction, project_id, values, around) for project_id, values in wanted),
                collection.plural,
            )
            collection.conclude(transaction, made, around)
            context = self._context(transaction, collection, made)
            attributes = {id(item): access.attributes(item, collection.attributes) for item in made}
        # Others write meanwhile.
        shown = rendered_list(lambda item: attributes[id(item)], made, context)
        return Answer(201, {collection.plural: shown} if several else {collection.singular: shown[0]})

    def update(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer PUT of a resource."""
        body = body_of(json_of(request.body), collection.singular)
        values = put(collection.attributes, body)
        with self.changing(collection, request, resource_id, body) as (transaction, resource):
            made = collection.update(transaction, resource, values, self.around(request))
            return self._changed(transaction, collection, request, made)

    def act(self, collection: Collection, request: Request, resource_id: str, action: Action) -> Answer:
        """Answer PUT of what is done to a resource beside changing its attributes."""
        body = json_of(request.body)
        if not isinstance(body, dict):
            raise HTTPBadRequest("Resource body required")
        values = posted(action.attributes, body)
        with self.changing(collection, request, resource_id, {}) as (transaction, resource):
            made = action.run(transaction, resource, values, self.around(request))
            return self._changed(transaction, collection, request, made)

    def delete(self, collection: Collection, request: Request, resource_id: str) -> Answer:
        """Answer DELETE of a resource."""
        with self.changing(collection, request, resource_id, {}, "delete") as (transaction, resource):
            collection.delete(transaction, resource, self.around(request))
        return Answer(204)

    @contextmanager
    def _reading(
        self, collection: Collection, request: Request, resource_id: str
    ) -> Iterator[tuple[View, Access, Any]]:
        """Open a view on a resource that the caller may see. Raises NotFound."""
        with self.store.read() as view:
            access = Access(collection, self.permissions(request), view)
            yield view, access, _found(view, collection, resource_id, access)

    def writing(self, request: Request) -> AbstractContextManager[Transaction]:
        """Open a write transaction when it is the turn of the caller's project. Raises StoreUnavailable."""
        return self.store.write(project_id=request.caller.project_id)

    def changing(
        self,
        collection: Collection,
        request: Request,
        resource_id: str,
        body: Mapping[str, Any],
        action: str = "update",
    ) -> AbstractContextManager[tuple[Transaction, Any]]:
        """Open a transaction on a resource whose parts in `body` the caller may change. Raises ApiError."""

        def require(access: Access, resource: Any) -> None:
            access.require(action, resource, body)

        return self._changing(collection, request, resource_id, require)

    def read_for(self, collection: Collection, request: Request, resource_id: str, rule: str) -> Any:
        """Give a resource for something beside its attributes that a rule of its own decides.

        Raises NotFound, PolicyNotAuthorized.
        """
        with self._reading(collection, request, resource_id) as (_, access, resource):
            access.permissions.require(rule, [], access.target(resource))
            return resource

    def changing_for(
        self, collection: Collection, request: Request, resource_id: str, rules: Sequence[str]
    ) -> AbstractContextManager[tuple[Transaction, Any]]:
        """Open a transaction on a resource, for a change that rules of its own decide. Raises ApiError."""

        def require(access: Access, resource: Any) -> None:
            for rule in rules:
                access.permissions.require(rule, [], access.target(resource))

        return self._changing(collection, request, resource_id, require)

    @contextmanager
    def _changing(
        self,
        collection: Collection,
        request: Request,
        resource_id: str,
        require: Callable[[Access, Any], None],
    ) -> Iterator[tuple[Transaction, Any]]:
        """Open a transaction on a resource; `require` refuses who may not change it. Raises ApiError."""
        with self.writing(request) as transaction:
            access = Access(collection, self.permissions(request), transaction)
            resource = _found(transaction, collection, resource_id, access)
            require(access, resource)
            check_revision(request.if_match, resource.revision_number)
            yield transaction, resource

    def around_hosts(self) -> RenderContext:
        """Give what is shown of hosts beside what a resource says."""
        return RenderContext(
            hosts=self.hosts.by_name,
            former_names=self.hosts.former_names,
            integration_bridge=self.config.network.integration_bridge,
            domain=self.config.dhcp.domain,
            enforced=self.config.security.enforce,
        )

    def _changed(
        self, transaction: Transaction, collection: Collection, request: Request, made: Any
    ) -> Answer:
        """Show what was made of a resource, as far as the caller may see it."""
        access = Access(collection, self.permissions(request), transaction)
        context = self._context(transaction, collection, [made])
        shown = rendered(access.attributes(made, collection.attributes), made, context)
        return Answer(200, {collection.singular: shown})

    def _check_quotas(self, transaction: Transaction, collection: Collection, projects: list[str]) -> None:
        for project_id, wanted in Counter(projects).items():
            own = transaction.quotas(project_id)
            for kind, each in {collection.kind: 1, **collection.brings(transaction)}.items():
                limit = quota_of(kind, own, self.config)
                new = wanted * each
                if limit >= 0 and transaction.counts.of_project(kind.model, project_id) + new > limit:
                    raise OverQuota(kind.singular)

    def _settle(self, collection: Collection, request: Request) -> None:
        """Make what a list of a project has from its first use on; without a database for it, go on.

        Not for a page of another site, nor for a project that is none where the API has users of its own.
        """
        if collection.first_use is None or not _is_of_own_site(request):
            return
        named = [value for name, value in request.parameters if name in ("project_id", "tenant_id")]
        project_id = named[0] if named else request.caller.project_id
        if not is_project_id(project_id) or not self.permissions(request).may(
            f"get_{collection.singular}", Target(project_id)
        ):
            return
        with self.store.read() as view:
            if collection.first_use.is_over(view, project_id):
                return
            if project_id != request.caller.project_id and not self._is_known(view, project_id):
                return
        with suppress(StoreUnavailable), self.writing(request) as transaction:
            collection.first_use.begin(transaction, project_id, self.around(request).terms)

    def _is_known(self, view: View, project_id: str) -> bool:
        """Tell whether there is a project; where others know that, whatever an administrator names is one."""
        if self.config.api.authentication is not Authentication.LOCAL or view.accounts.projects(
            id=project_id
        ):
            return True
        kinds = (collection.kind.model for collection in self.registry.collections.values())
        return any(view.counts.of_project(kind, project_id) for kind in kinds)

    def _seen(self, collection: Collection, query: Query, permissions: Permissions) -> set[str] | None:
        """Give the ids of what a caller may see of a list; None: it is no use to know them."""
        if permissions.sees_all or any(condition.column == "id" for condition in query.conditions):
            return None
        self.census.begin()
        return set(self.census.visible(collection.kind.model, permissions))

    def _page(
        self, view: View, collection: Collection, query: Query, access: Access, seen: set[str] | None
    ) -> list[Any] | None:
        """Give the page of a list that the database can cut; None: it cannot."""
        page = query.page
        if page is None:
            return None
        if access.permissions.sees_all:
            return page_of_all(view, collection, query)
        if seen is None or len(seen) <= MOST_IDS or not access.always_shows(query.asked):
            return None
        while True:
            found = page_of_seen(view, collection, query, page, seen)
            visible = access.visible(found)
            if len(visible) == len(found):
                return found
            # Some were hidden since it was asked what is seen: a page that is short would be the last one.
            seen = seen - {item.id for item in found} | {item.id for item in visible}

    def _context(self, view: View, collection: Collection, resources: Sequence[Any] | None) -> RenderContext:
        """Read what else is shown of these resources (None: of any of the collection)."""
        return replace(self.around_hosts(), **collection.context(view, resources))


def _project(values: Values, request: Request, permissions: Permissions) -> str:
    """Give the project of a POST; only administrators name another one. Raises HTTPBadRequest."""
    project_id = project_of(values, request.caller.project_id)
    other = project_id != request.caller.project_id
    if other and not permissions.may("create_for_other_project", Target(request.caller.project_id)):
        raise HTTPBadRequest(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request"
            " requires admin privileges"
        )
    return project_id


def _is_of_own_site(request: Request) -> bool:
    """Tell whether no page of another site sent a request: such a one may read, but make nothing."""
    try:
        check_origin(request.asked.headers, request.host_url)
    except ForeignOrigin:
        return False
    return True


def _found(view: View, collection: Collection, resource_id: str, access: Access) -> Any:
    """Read one resource that the caller may see. Raises NotFound."""
    resource = view.one(collection.kind.model, id_of_text(resource_id))
    if resource is None or not access.may_see(resource):
        raise collection.not_found(resource_id)
    return resource


def check_revision(if_match: str, revision_number: int) -> None:
    """Compare the revision that a client expects, if it does. Raises RevisionNumberConstraintFailed.

    An entity tag is in quotes (RFC 9110, section 8.8.3); Neutron's clients leave them out.
    """
    if if_match.strip() in ("", ANY_REVISION):
        return
    match = re.fullmatch(r'("?)revision_number=([0-9]{1,18})\1', if_match.strip())
    if match is None:
        raise BadRequest(f"Invalid value '{if_match}' for If-Match: expected revision_number=<number>.")
    if int(match[2]) != revision_number:
        raise RevisionNumberConstraintFailed(match[2], revision_number)
