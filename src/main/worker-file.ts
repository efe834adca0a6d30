/** The file of a thread's entry beside this one: TypeScript in the repository, JavaScript in the package. */
export function workerFile(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}
