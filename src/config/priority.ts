import { z } from 'zod';

/** What is served before what when the gateway can't serve all: `low` is refused first, `high` last. */
export type Priority = 'low' | 'normal' | 'high';

/** The key `priority`. */
export const prioritySchema = z.enum(['low', 'normal', 'high']);
