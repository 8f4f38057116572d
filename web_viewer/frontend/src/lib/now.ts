/** The time, now and then. */

import { useEffect, useState } from "react";

/** Return the time in ms, renewed every `period` ms. */
export function useNow(period = 15_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}
