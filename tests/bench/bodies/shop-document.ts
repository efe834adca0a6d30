/** A request of GraphQL to the shop, 1 KB; no two numbers have the same document. */
export function shopBodyOf(at: number): Buffer {
  const variables = { first: 10, after: 'b3JkZXI6MTI=', id: '7d6f3a', withLines: true };
  return Buffer.from(JSON.stringify({ operationName: `Orders${at}`, query: documentOf(at), variables }));
}

function documentOf(at: number): string {
  return `query Orders${at}($first: Int = 5, $after: String, $id: ID!, $withLines: Boolean = true) {
  me { id name email friends(first: $first) { ...Person friends(first: 2) { ...Person } } }
  recent: orders(first: $first, after: $after) {
    pageInfo { hasNextPage }
    edges { cursor node { id total owner { ...Person } lines @include(if: $withLines) { sku } } }
  }
  one: order(id: $id) { ...Whole }
  node(id: $id) { __typename id ... on User { name email } ... on Order { ...Whole } }
}
fragment Person on User { id name email }
fragment Whole on Order { id total owner { ...Person } lines @include(if: $withLines) { sku order { id total } } }
`.padEnd(900, '#');
}
