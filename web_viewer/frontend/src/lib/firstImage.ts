/** Whether the image that a page was opened for is on the screen: whatever else the page needs waits for it. */

import { create } from "zustand";

const PATIENCE_MS = 1_500; // an image that does not come holds nothing up for longer

const opensImage = typeof location !== "undefined" && location.pathname.startsWith("/viewer");

export const useFirstImage = create(() => ({ shown: !opensImage }));

const show = () => useFirstImage.setState({ shown: true });

/** Tell that radiograph and overlay are drawn; who waits for it goes on once they are on the screen as well. */
export function noteFirstImage(): void {
  requestAnimationFrame(() => setTimeout(show));
}

if (opensImage) setTimeout(show, PATIENCE_MS);
