// @vitest-environment jsdom
import { onlineManager, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../../lib/i18n";
import { useLock } from "../../lib/lock";
import { queryClient } from "../../lib/queries";
import { useSession } from "../../lib/session";
import { AccessGuard } from "./AccessGuard";

configure({ asyncUtilTimeout: 3_000 });

const session = { subject: "kim", name: "", roles: ["reader"], how: "password", lock_after: 5 };
let slow: Promise<unknown>; // before it is said who is logged in
const asked: string[] = [];

// What jsdom lacks.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};

beforeEach(() => {
  asked.length = 0;
  slow = Promise.resolve();
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    if (path === "/api/session/end") return Response.json({ address: "/login" });
    await slow;
    return Response.json(session);
  });
});

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
  onlineManager.setOnline(true);
  useLock.getState().setLocked(false);
});

function Page() {
  useSession();
  return null;
}

function show() {
  render(
    <QueryClientProvider client={queryClient}>
      <Page />
      <AccessGuard />
    </QueryClientProvider>,
  );
}

it("stays locked when the page is loaded anew", async () => {
  useLock.getState().setLocked(true);
  show();
  expect(await screen.findByTestId("lock-screen")).toBeTruthy();
});

it("does not take an answer from before the lock for a new login, and asks for nothing more", async () => {
  show();
  await waitFor(() => expect(queryClient.getQueryData(["session"])).toBeTruthy());
  let answer: (value: unknown) => void = () => undefined;
  slow = new Promise((resolve) => {
    answer = resolve;
  });
  void queryClient.invalidateQueries({ queryKey: ["session"] });
  useLock.getState().setLocked(true);
  await screen.findByTestId("lock-screen");
  await waitFor(() => expect(asked.at(-1)).toBe("/api/session/end"));
  await new Promise((done) => setTimeout(done, 20));
  answer(null);
  void queryClient.invalidateQueries();
  await new Promise((done) => setTimeout(done, 20));
  expect(screen.getByTestId("lock-screen")).toBeTruthy();
  expect(asked.at(-1)).toBe("/api/session/end");
});
