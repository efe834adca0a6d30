/** The most violations that are told of one value: enough to mend a call by, too few to make a reply large. */
export const VIOLATION_LIMIT = 20;

/**
 * Schemas that one document's validators are made of; in each of the ways a schema is read it counts once. The largest
 * public description that was tried has some 60,000.
 */
export const SCHEMA_LIMIT = 400_000;

/** Schemas that one validator is made of. */
export const REACHED_LIMIT = 100_000;

/** Schemas inside one another that judge the same value; each costs stack. Real ones have ten. */
export const HEIGHT_LIMIT = 100;

/**
 * Schemas open at once while a value is judged, at every level of the value together: a value of depth 64 under an
 * alternative at each level needs 192. At 1,000 the stack was seen to end.
 */
export const DEPTH_LIMIT = 400;

/** From this many steps on verdicts are kept, so that alternatives inside alternatives can't multiply the work. */
export const MEMO_STEPS = 50_000;

/**
 * Parts of patterns by characters of texts, in one value; a pattern of few states costs nothing here. Measured at
 * 100 to 200 ns each in the worst of thousands of patterns, so that this is at most some 50 ms.
 */
export const PATTERN_WORK_LIMIT = 250_000;

/** Parts of a pattern, counted repetitions written out: texts of 25 characters can be judged by one of this size. */
export const PATTERN_SIZE_LIMIT = 10_000;

/**
 * A part of a value of which more is noted, objects and members that go, is judged again instead of kept: each that keeps
 * it makes a copy.
 */
export const KEPT_CUTS_LIMIT = 1_000;

/** Schemas applied to parts of one value. The largest body that is read (250,000 elements) needs about 20 of them each. */
export const STEP_LIMIT = 5_000_000;

/**
 * What looking at a member or an element counts for among those, whatever judges it: else a wide object would cost as
 * little as an empty one, each time that an alternative asks.
 */
export const LOOK_STEPS = 1 / 8;

/** What noting a member that goes counts for among those: it takes some 250 bytes for as long as the value is judged. */
export const CUT_STEPS = 5;
