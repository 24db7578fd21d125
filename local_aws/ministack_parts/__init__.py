"""The room through which the local AWS touches ministack, which it extends."""
