/** Longer than any condition that a person can check by reading. */
export const LENGTH_LIMIT = 4_096;

/** Parts inside one another; compiling and running recurse. */
export const DEPTH_LIMIT = 64;

/** Names, values, operators and calls of one condition. */
export const NODE_LIMIT = 500;

/** Macros inside one another: each multiplies what a list costs. */
export const MACRO_LIMIT = 3;

/**
 * What all conditions of a request that are asked at one time may cost together: each turn of a macro costs the parts of
 * its body, and what looks at a whole text or list costs by its length. It was 60 ms in the worst of what was tried, and a list of 10,000 lines can be asked ten things each.
 */
export const STEP_LIMIT = 200_000;

/** Characters of a text that a condition puts together: they double with each `+` of a text to itself. */
export const TEXT_LIMIT = 1_000_000;

/** Characters that are compared, searched or copied in the time of one step. */
export const CHARACTERS_PER_STEP = 64;

/** The largest pattern; larger ones take long to compile. */
export const PATTERN_LIMIT = 1_000;
