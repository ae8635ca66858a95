import "./schemas-without-eval";
import "./mantine-styles";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { loadPreferredTexts, TextsProvider } from "./texts/use-texts";
import { cssVariablesResolver, theme } from "./theme";

const queries = new QueryClient({
  defaultOptions: {
    // The page asks again by itself every few seconds: a retry of each single question would only hide a fault longer.
    // A browser that believes itself offline may still reach a server on its own machine or network.
    queries: { retry: false, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
// A page that was open while the server was upgraded asks for parts that are there no longer.
addEventListener("vite:preloadError", () => {
  location.reload();
});
const root = document.getElementById("root");
if (!root) throw new Error("index.html lacks #root");
const texts = await loadPreferredTexts();

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <TextsProvider initial={texts}>
          <App />
        </TextsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
