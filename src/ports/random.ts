/** Randomness fit for keys and ids. */
export interface Random {
  fill(bytes: Uint8Array): void;
}
