/** A policy refuses, or only records what it would have refused. */
export type PolicyMode = 'enforce' | 'observe';
