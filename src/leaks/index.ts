export { FIELD_ACTIONS, type FieldAction, LEAK_ACTIONS, type LeakAction } from './action.ts';
export { Detector, FORM_NAMES, FORMS } from './detector.ts';
export { heldAt, readFieldPath } from './field-paths.ts';
export { LEAK_CLASSES, type LeakClass } from './finding.ts';
export type { Hit } from './hit.ts';
export { LeakJudge, type LeakRules, type LookedInto } from './judge.ts';
export { textFormatOf } from './text-format.ts';
