/** Whether the service has forgotten who this is: set by the first answer that says so. */

import { create } from "zustand";

export const useEnded = create<{ ended: boolean }>(() => ({ ended: false }));
