import type { CorsRules } from '../cors/config.ts';
import { CrossOrigin } from '../cors/cross-origin.ts';
import type { AllowedOrigins } from './cross-site.ts';

/** The pages that these rules let in with credentials, one API’s or several; null where they let in none. */
export function listedOrigins(...rules: readonly (CorsRules | null)[]): AllowedOrigins | null {
  const cross = rules.flatMap((one) =>
    one?.credentials === true && one.origins !== 'any' ? [new CrossOrigin(one)] : [],
  );
  if (cross.length === 0) return null;
  return { allows: (origin) => origin !== 'null' && cross.some((one) => one.allowed(origin) !== null) };
}
