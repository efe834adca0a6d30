/** How many requests the upstream of the overload works on at once, and for how long each. */
export const AT_ONCE = 10;
export const WORK_MS = 10;
/** What it can do in a second at best. */
export const CAPACITY = (AT_ONCE * 1_000) / WORK_MS;
