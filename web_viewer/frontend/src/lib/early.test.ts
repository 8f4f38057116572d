// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import { takeEarly } from "./early";

afterEach(() => {
  delete window.kidrayEarly;
});

const body = new TextEncoder().encode('{"state":"drafted"}').buffer as ArrayBuffer;

it("gives each early answer once", async () => {
  window.kidrayEarly = new Map([["/a", Promise.resolve({ status: 200, statusText: "OK", body })]]);
  const response = await takeEarly("/a");
  expect(response?.ok).toBe(true);
  expect(await response?.json()).toEqual({ state: "drafted" });
  expect(await response?.arrayBuffer()).toBe(body);
  expect(takeEarly("/a")).toBeNull();
});

it("passes a refusal on, and says of what never came that it did not", async () => {
  window.kidrayEarly = new Map([
    ["/gone", Promise.resolve({ status: 404, statusText: "Not Found", body })],
    ["/lost", Promise.reject(new Error("asked in vain"))],
  ]);
  expect((await takeEarly("/gone"))?.status).toBe(404);
  expect(await takeEarly("/lost")).toBeNull();
});

it("knows of nothing where nothing was asked", () => {
  expect(takeEarly("/a")).toBeNull();
});
