import { isRunExtension, isRunType } from '../../../body/index.ts';

/** Whether files of this type, or of a name that ends so, are taken only where that is listed: since something runs them. */
export function isTakenByNameAlone(key: 'types' | 'extensions', listed: string): boolean {
  return key === 'types' ? isRunType(listed) : isRunExtension(listed);
}
