/** Which hugepages of a private mapping's reservation are consumed, by index in the mapping. [L39 mm/hugetlb.c struct resv_map] */
export interface ResvMap {
  readonly consumed: Set<number>;
}
