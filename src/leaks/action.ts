/** What becomes of something that must not leave. */
export const LEAK_ACTIONS = ['mask', 'drop', 'refuse', 'report'] as const;

/** One of them. */
export type LeakAction = (typeof LEAK_ACTIONS)[number];

/** The same for a field that is named; what passes is not looked into. */
export const FIELD_ACTIONS = [...LEAK_ACTIONS, 'pass'] as const;

/** One of them. */
export type FieldAction = (typeof FIELD_ACTIONS)[number];

const STRENGTH: Readonly<Record<LeakAction, number>> = { report: 0, mask: 1, drop: 2, refuse: 3 };

/** The one of both that lets less out. */
export function stricter(one: LeakAction, other: LeakAction): LeakAction {
  return STRENGTH[other] > STRENGTH[one] ? other : one;
}
