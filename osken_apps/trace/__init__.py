"""Tracing: what the pipeline does with a frame, hop by hop and over several hosts, without sending it. PURE.

It reproduces what Open vSwitch does with our flows, and a test holds it against `ofproto/trace`
(ovs-vswitchd(8)).
"""
