export { describedFieldIssues } from './described-fields.ts';
export { compileFieldLists, type FieldLists } from './field-lists.ts';
export { ALL_FIELDS, eitherNode, type FieldNode, isWhole, memberNode, NO_FIELDS, nodeAt } from './field-node.ts';
