import { useInfiniteQuery } from "@tanstack/react-query";
import { useRefreshMs } from "../live";

interface Options<T> {
  queryKey: readonly unknown[];
  list: (page: { cursor: string | undefined; signal: AbortSignal }) => Promise<{ items: T[]; next: string | null }>;
  refreshMs: number;
}

/** A list that grows by a page whenever more is asked for. */
export function useEndlessList<T>({ queryKey, list, refreshMs }: Options<T>) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => list({ cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: useRefreshMs(refreshMs),
  });
  return {
    items: data?.pages.flatMap(({ items }) => items),
    error,
    retry: () => void refetch(),
    more: hasNextPage ? () => void fetchNextPage() : undefined,
    isLoadingMore: isFetchingNextPage,
  };
}
