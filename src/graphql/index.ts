export { ALLOW_LIST_LIMIT_BYTES, type AllowList, readAllowList } from './allow-list.ts';
export type { CostRules, DocumentBounds, FieldCostRule } from './bounds.ts';
export type { GraphqlFault } from './fault.ts';
export { type AskedOfServer, type Asking, GraphqlJudge, type GraphqlRules } from './judge.ts';
export { readQuery, readSent, type SentOperation } from './request.ts';
export { type ReadSchema, readSchema, type SchemaFault } from './schema.ts';
