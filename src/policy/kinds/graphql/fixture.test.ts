/** The schema of a shop. Kept apart from the product by its name; there are no tests here. */
export const SHOP_SCHEMA = `
type Query { me: User!, orders(first: Int = 10): OrderConnection!, order(id: ID!): Order, node(id: ID!): Node }
type Mutation { refund(order: ID!): Order!, signIn(name: String!): Boolean! }
type Subscription { ticks(to: Int!): Int! }
interface Node { id: ID! }
type User implements Node { id: ID!, name: String!, email: String!, friends(first: Int): [User!]!, shop: Query! }
type Order implements Node { id: ID!, total: Int!, owner: User!, lines: [Line!]! }
type Line { sku: String!, order: Order! }
type OrderConnection { edges: [OrderEdge!]! }
type OrderEdge { node: Order!, cursor: String! }
`;
