import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The service to talk to while developing: `npm run dev` beside a running `kidray up`.
const service = process.env.KIDRAY_DEV_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a data: address would need a wider Content-Security-Policy
    sourcemap: false,
  },
  server: { proxy: { "/api": service, "/dicom-web": service } },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
