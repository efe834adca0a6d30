/** What all servers share: how many questions are under way at a time, taken together. */
export interface AskingPlaces {
  /** Takes one, which is to be given back; false where all are taken. */
  take(): boolean;
  give(): void;
}

/** Makes so many. */
export function createAskingPlaces(limit: number): AskingPlaces {
  let taken = 0;
  return {
    take() {
      if (taken >= limit) return false;
      taken++;
      return true;
    },
    give() {
      taken--;
    },
  };
}
