import { z } from 'zod';
import type { BalanceConfig } from './config.ts';
import { words } from './words.ts';

const RULES = ['p2c', 'round-robin', 'least-requests'] as const;

/** How the next target of an upstream is chosen. */
export const balanceSchema = z
  .enum(RULES, { error: words('expected a rule of balancing', `write ${RULES.join(', ')}`) })
  .prefault('p2c')
  .transform((rule): BalanceConfig => ({ rule }))
  .meta({
    description:
      'How the next target is chosen: `p2c` takes the better of two at random, by latency and requests under way; `round-robin` takes them in turn; `least-requests` the one with the fewest requests under way. Weights hold in each.',
  });
